"""What can be wrong with what is said, agreed or counted about the therapy."""

from __future__ import annotations

from e2etherapy.errors import E2ETherapyError


class TherapyError(E2ETherapyError):
    """A value does not fit the rules of what it belongs to. Nothing was changed."""


class InvalidInstrument(TherapyError):
    """A file does not hold an instrument that this version can use.

    Attributes:
        file: its name.
        field: the place in it, as in `$.items[0].wording`; `$` is the whole file.
    """

    def __init__(self, sentence: str = "", file: str = "", field: str = "$") -> None:
        super().__init__(sentence)
        self.file = file
        self.field = field


class InvalidAnswers(TherapyError):
    """Answers do not fit their instrument: too many or few, or one that it does not offer."""


class InvalidSeries(TherapyError):
    """Results that are to be compared do not belong to one instrument."""


class InvalidSchedule(TherapyError):
    """The words do not name a schedule."""


class OutOfPlace(TherapyError):
    """Something was said that its author cannot say, or not at this point of the therapy.

    The message is what it was, as in "an agreement that was accepted before".
    """


class InvalidWords(TherapyError):
    """A text is empty, too long, or holds characters that cannot be seen."""


class InvalidOfficeHours(TherapyError):
    """The words do not say in which hours of a week somebody works."""


class InvalidHolidays(TherapyError):
    """The lines do not say on which days nobody works."""


class InvalidReplyTime(TherapyError):
    """The words do not say how soon an answer comes."""


class UnknownZone(TherapyError):
    """There is no time zone of this name."""


class InvalidAgreement(TherapyError):
    """The terms of a reply agreement do not fit together."""


class InvalidMoment(TherapyError):
    """A moment is not in UTC, not in whole seconds, or not between 1970 and 9000."""


class NoWorkingTime(TherapyError):
    """Nobody works within the days that are looked at, so that no due time can be named."""


class UnknownCountry(TherapyError):
    """The letters are not the two of a country."""


class InvalidSafetyPlan(TherapyError):
    """A safety plan has no words in it, or a heading that is not one of its own."""


class InvalidEmergencyCard(TherapyError):
    """An emergency card does not say whom to call."""


class UnknownConsent(TherapyError):
    """There is no consent text of this language and version."""


class InvalidConsent(TherapyError):
    """A consent text does not have the form that its questions can be read from."""


class NotUnderstood(TherapyError):
    """Questions on a consent text were not all answered rightly, so that it is not accepted.

    Attributes:
        questions: the places of those answered otherwise, from 0.
    """

    def __init__(self, sentence: str = "", questions: tuple[int, ...] = ()) -> None:
        super().__init__(sentence)
        self.questions = questions


class InvalidTemplate(TherapyError):
    """A reply template has a brace that begins or ends no placeholder, or is too long."""


class UnknownPlaceholder(TherapyError):
    """A template has a placeholder that is not offered, or has not the one that was filled.

    Attributes:
        placeholders: their names.
    """

    def __init__(self, sentence: str = "", placeholders: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.placeholders = placeholders


class UnfilledTemplate(TherapyError):
    """A template has a placeholder for which there are no words, so that there is no text.

    Attributes:
        placeholders: their names, in the order in which they stand there.
    """

    def __init__(self, sentence: str = "", placeholders: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.placeholders = placeholders


class InvalidBatch(TherapyError):
    """Replies cannot be spaced as asked: too many of them, or too long a span."""


class InvalidAttendance(TherapyError):
    """Days of contact do not fit the days between which they are to be shown."""


class InvalidRetention(TherapyError):
    """The words do not say how long a record is kept."""


class WordsRemain(TherapyError):
    """Words that were to be replaced still stand in what would be passed on."""
