"""What the corpus expects in words: a check for each sentence, named by the place where it stands.

A place is the id of a case, then nothing for what holds of all of it, the number of an input, or a
revision or era. A check gets all runs of one input in one revision, for one role.
"""

from tests.adversarial import words_of_messages, words_of_sessions
from tests.adversarial.saying import WORDS

__all__ = ["WORDS", "words_of_messages", "words_of_sessions"]
