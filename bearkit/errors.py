"""The classes of all errors that bearkit raises on purpose.

    BearkitError                  message, and hint: the command or step that helps
    ├── ProjectError              the folder is not a project, or of another version
    │   └── ProjectNotFoundError  there is no project; also a FileNotFoundError
    ├── BusyError                 the catalogue cannot be written or read at the moment
    │   └── ReadOnlyError         the project is read-only
    ├── ImportSourceError         a source to import cannot be read
    │   └── SourceNotFoundError   it does not exist; also a FileNotFoundError
    ├── SearchError               no search provider answered
    ├── DownloadError             a URL gives no usable file
    ├── ImageError                a file is not a usable image
    │   └── ImageNotFoundError    there is no such file; also a FileNotFoundError
    ├── DatasetError              the project's images cannot be trained on
    │   ├── NoImagesError         there are no usable images
    │   ├── TooFewLabelsError     there are fewer than two labels
    │   └── TooFewImagesError     a label has no image for training, or none for validation
    ├── BodyError                 the body is unknown, or its weights are not on this machine
    ├── RunError                  there is no such run, or it is not finished
    │   ├── RunNotFoundError      there is no run of this name; also a FileNotFoundError
    │   ├── OptionError           an option of `TrainConfig` has an invalid value; also a ValueError
    │   └── StoppedError          someone asked the training to stop
    ├── ReviewError               an invalid decision: no such image, unknown action, nothing to undo
    ├── ModelError                a model folder is damaged, or of another version
    │   └── ModelNotFoundError    the folder is not a model folder; also a FileNotFoundError
    ├── PublishError              the Hub refuses, or what would be published does not work
    ├── SampleError               the sample photographs cannot be fetched
    └── ShapeError                the shapes of arrays do not fit together; also a ValueError

Each error can be shown to users as it is: `str(error)` says what happened, `error.hint` what to do.
"""

from typing import Any


class BearkitError(Exception):
    """The base class of bearkit's errors.

    Args:
        message: what happened, with its numbers.
        hint: the next step that helps.
        details: further values for scripts, keys of `as_dict`.
    """

    def __init__(self, message: str, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.hint = hint
        self.details = details

    def as_dict(self) -> dict[str, Any]:
        """Return the error as the command line prints it with `--json`."""
        return {"error": str(self), "hint": self.hint, **self.details}


class ProjectError(BearkitError):
    """The folder is not a bearkit project, or another version of bearkit wrote it."""


class ProjectNotFoundError(ProjectError, FileNotFoundError):
    """The folder holds no project."""


class BusyError(BearkitError):
    """The catalogue cannot be written or read at the moment: locked, disk full, no permission. Nothing is lost."""


class ReadOnlyError(BusyError):
    """The project is read-only, and the call would have to write to it."""


class ImportSourceError(BearkitError):
    """A source to import cannot be read."""


class SourceNotFoundError(ImportSourceError, FileNotFoundError):
    """A source to import does not exist."""


class SearchError(BearkitError):
    """No search provider answered; the message has the reason of each."""


class DownloadError(BearkitError):
    """A URL gives no usable file.

    Args:
        message: the reason, as users read it.
        hint: the next step that helps.
        again: whether a later try may succeed.
        after: seconds that the server asks to wait, if it does.
    """

    def __init__(self, message: str, hint: str = "", again: bool = False, after: float | None = None) -> None:
        super().__init__(message, hint)
        self.again, self.after = again, after


class ImageError(BearkitError):
    """A file is not a usable image; the message is the reason, as users read it."""


class ImageNotFoundError(ImageError, FileNotFoundError):
    """There is no such file."""


class DatasetError(BearkitError):
    """The project's images cannot be trained on."""


class NoImagesError(DatasetError):
    """There are no usable images."""


class TooFewLabelsError(DatasetError):
    """A classifier needs at least two labels."""


class TooFewImagesError(DatasetError):
    """A label has no image for training, or none for validation."""


class BodyError(BearkitError):
    """The body is unknown, or its pretrained weights are not on this machine."""


class RunError(BearkitError):
    """There is no such run, or it is not finished."""


class RunNotFoundError(RunError, FileNotFoundError):
    """There is no run of this name."""


class OptionError(RunError, ValueError):
    """An option of `TrainConfig` has an invalid value."""


class StoppedError(RunError):
    """Someone asked the training to stop, in the studio or from another program. Its last saved epoch stays."""


class ReviewError(BearkitError):
    """A decision about images is invalid, or cannot be undone."""


class ModelError(BearkitError):
    """A model folder is missing, damaged, or of another format version."""


class ModelNotFoundError(ModelError, FileNotFoundError):
    """The folder is not a model folder."""


class PublishError(BearkitError):
    """Something cannot be published. Nothing of it is on the Hub, unless the message says so.

    Args:
        message: what happened.
        hint: the next step that helps.
        status: HTTP status of the Hub's answer, 0 if it did not answer.
        details: further values for scripts.
    """

    def __init__(self, message: str, hint: str = "", status: int = 0, **details: Any) -> None:
        super().__init__(message, hint, **details)
        self.status = status


class SampleError(BearkitError):
    """The sample photographs cannot be fetched, or their content is not the expected one."""


class ShapeError(BearkitError, ValueError):
    """The shapes of arrays do not fit together."""
