"""Invented Governments for tours, tests and replays: who they are, how they are founded, what they replay."""
