"""How large a study must be: development, validation, the accuracy of one flag, and what a given
size buys.
"""
