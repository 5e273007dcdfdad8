"""What reads a signed PDF that anybody may have made: never imports the application, so that it can run alone.

Its modules import each other relatively; a process of its own loads them without loading the package `app`.
"""
