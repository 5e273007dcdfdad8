"""The arithmetic of the law and of what is signed: values in, value out; numbered in docs/rules.md."""
