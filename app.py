"""Open the studio: `python app.py [PROJECT]`. Without a project it opens the one here, or else the demo's."""

from bearkit.cli import studio_main

if __name__ == "__main__":
    studio_main()
