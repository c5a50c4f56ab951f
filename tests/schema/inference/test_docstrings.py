"""Docstrings in the three common styles."""

import pytest

from sansmcp.schema.inference.docstrings import documentation_of


@pytest.mark.parametrize("docstring", [None, "", "   \n  "])
def test_no_docstring_says_nothing(docstring):
    documentation = documentation_of(docstring)
    assert documentation.description is None
    assert documentation.parameters == {}


def test_all_before_the_first_section_is_the_description():
    documentation = documentation_of(
        """Forecast the weather.

        Note that it is a guess: nothing more.

        Returns:
            The forecast.
        """
    )
    assert documentation.description == "Forecast the weather.\n\nNote that it is a guess: nothing more."


def test_sections_with_an_indent_describe_parameters():
    documentation = documentation_of(
        """Do it.

        Args:
            city: Where to look,
                by name.
            days (int, optional): How far ahead.

            *rest: What else.
        What comes unindented belongs to no section.

        Raises:
            ValueError: never.
        """
    )
    assert documentation.description == "Do it."
    assert documentation.parameters == {
        "city": "Where to look, by name.",
        "days": "How far ahead.",
        "rest": "What else.",
    }


def test_underlined_sections_describe_parameters():
    documentation = documentation_of(
        """Do it.

        Parameters
        ----------
        city : str
            Where to look,
            by name.
        days, weeks
            How far ahead.

        Returns
        -------
        str
            The forecast.
        """
    )
    assert documentation.description == "Do it."
    assert documentation.parameters == {"city": "Where to look, by name.", "days": "How far ahead."}


def test_fields_between_colons_describe_parameters():
    documentation = documentation_of(
        """Do it.

        :param city: Where to look,
            by name.
        :param int days: How far ahead.
        :param: nobody knows what.
        :returns: The forecast.
        More about the forecast.
        """
    )
    assert documentation_of("Do.\n\n:param a: One,\n    or more.").parameters == {"a": "One, or more."}
    assert documentation.description == "Do it."
    assert documentation.parameters == {"city": "Where to look, by name.", "days": "How far ahead."}


def test_a_word_that_is_a_section_elsewhere_may_end_a_sentence():
    documentation = documentation_of("Tell\n\nExamples\n\nof it")
    assert documentation.description == "Tell\n\nExamples\n\nof it"


def test_a_section_without_items_describes_nothing():
    assert documentation_of("Do it.\n\nArgs:\n").parameters == {}
    assert documentation_of("Do it.\n\nArgs:\n    whatever it takes\n").parameters == {}
