"""Every error that bearkit raises on purpose, and what to do about it.

    BearkitError                  message + hint: the command or step that would help
    ├── ProjectError              the folder is no project, or one of another version
    │   └── ProjectNotFoundError  there is no project; also a FileNotFoundError
    ├── BusyError                 the catalogue cannot be written (or read) just now
    │   └── ReadOnlyError         the project may only be read
    ├── ImportSourceError         what was given to import cannot be read
    │   └── SourceNotFoundError   it does not exist; also a FileNotFoundError
    ├── SearchError               no provider of pictures could be asked
    ├── DownloadError             one address gives nothing that can be used (its reason is for people)
    ├── ImageError                one file is not a usable picture (its reason is for people)
    │   └── ImageNotFoundError    there is no such file; also a FileNotFoundError
    ├── DatasetError              the pictures as they are cannot be trained on
    │   ├── NoImagesError         there are none
    │   ├── TooFewLabelsError     fewer than two labels
    │   └── TooFewImagesError     a label without a picture to learn from, or to check on
    ├── BodyError                 unknown body, or its weights are not here
    ├── RunError                  no such run, or one that never finished
    │   ├── RunNotFoundError      there is no run of this name; also a FileNotFoundError
    │   ├── OptionError           a value that a training cannot have; also a ValueError
    │   └── StoppedError          somebody asked the training to stop
    ├── ReviewError               a decision that cannot be: no such picture, no such action, nothing to undo
    ├── ModelError                a model folder that is broken or of another version
    │   └── ModelNotFoundError    the folder is no model folder; also a FileNotFoundError
    ├── PublishError              the Hub refuses, or what would be published does not work
    ├── SampleError               the sample photographs cannot be had
    └── ShapeError                arrays that do not fit together; also a ValueError

Any of them can be shown to a person as it stands: `str(error)` says what happened, `error.hint` what to do.
"""

from typing import Any


class BearkitError(Exception):
    """What happened, with its numbers; a hint: the next step that would help; and details for scripts."""

    def __init__(self, message: str, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.hint = hint
        self.details = details

    def as_dict(self) -> dict[str, Any]:
        """The error as the command line prints it with `--json`."""
        return {"error": str(self), "hint": self.hint, **self.details}


class ProjectError(BearkitError):
    """The folder is no bearkit project, or was written by another version."""


class ProjectNotFoundError(ProjectError, FileNotFoundError):
    """The folder holds no project."""


class BusyError(BearkitError):
    """The catalogue cannot be written or read just now: locked, full disk, no permission. Nothing is lost."""


class ReadOnlyError(BusyError):
    """Something would have to be written into a project that may only be read."""


class ImportSourceError(BearkitError):
    """The source given to import does not exist or cannot be read at all."""


class SourceNotFoundError(ImportSourceError, FileNotFoundError):
    """The source given to import does not exist."""


class SearchError(BearkitError):
    """No provider could be asked for pictures; the message says why of each."""


class DownloadError(BearkitError):
    """One address gives nothing that can be used; the message is the reason that people read.

    `again` says that it may do later, `after` how many seconds the server asks to wait.
    """

    def __init__(self, message: str, hint: str = "", again: bool = False, after: float | None = None) -> None:
        super().__init__(message, hint)
        self.again, self.after = again, after


class ImageError(BearkitError):
    """One file is not a usable picture; the message is the reason that people read."""


class ImageNotFoundError(ImageError, FileNotFoundError):
    """There is no such file."""


class DatasetError(BearkitError):
    """The pictures as they are cannot be trained on."""


class NoImagesError(DatasetError):
    """There are no usable pictures."""


class TooFewLabelsError(DatasetError):
    """A classifier needs at least two labels."""


class TooFewImagesError(DatasetError):
    """A label has no picture to learn from, or none to check on."""


class BodyError(BearkitError):
    """The body is unknown, or its pretrained weights are not on this machine."""


class RunError(BearkitError):
    """There is no such run, or it never finished."""


class RunNotFoundError(RunError, FileNotFoundError):
    """There is no run of this name."""


class OptionError(RunError, ValueError):
    """A value of `TrainConfig` that cannot train."""


class StoppedError(RunError):
    """A training was asked to stop, in the studio or by another program; what it learnt is kept."""


class ReviewError(BearkitError):
    """A decision about pictures that cannot be made or taken back."""


class ModelError(BearkitError):
    """A model folder is missing, broken, or of another format version."""


class ModelNotFoundError(ModelError, FileNotFoundError):
    """The folder is no model folder."""


class PublishError(BearkitError):
    """Something cannot be published; nothing of it is on the Hub, unless the message says so.

    `status` is what the Hub answered, 0 if nothing.
    """

    def __init__(self, message: str, hint: str = "", status: int = 0, **details: Any) -> None:
        super().__init__(message, hint, **details)
        self.status = status


class SampleError(BearkitError):
    """The sample photographs could not be fetched or are not the ones we know."""


class ShapeError(BearkitError, ValueError):
    """Arrays whose shapes do not fit together."""
