"""How fast it is, told as ratios against an anchor measured in the same run; `make bench` writes var/bench.json."""
