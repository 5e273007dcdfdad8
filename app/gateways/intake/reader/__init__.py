"""What reads a hostile file: runs alone in a process of its own and never imports the application.

Its modules import each other relatively, so that the process can load them without loading the package `app`.
"""
