# Checks that raise, and that say yes or no.
import re


def require_word(text):
    if not re.fullmatch(r"[a-z]+", text):
        raise ValueError("not a word")


def is_fine(text):
    if not text.isalnum():
        return False
    return True
