"""Openverse, Wikimedia Commons and Bing's pictures on this machine, in the formats in which they answer."""

import html
import json
from urllib.parse import parse_qs

from tests.servers import Handler

PICTURES = 65  # that each of them knows
BOMBS = "broken"  # a query that Openverse has trouble with
TIRED = "tired"  # one that it answers only once
ODD = "odd"  # one that it answers with a list
FAST = "too fast"  # one that Commons has


class Providers(Handler):
    """The pictures that it finds are its own: `/ok/N.png`."""

    def give_json(self, value, status=200):
        self.give(json.dumps(value).encode(), status, "application/json")

    def ask(self, parts):
        return {key: values[0] for key, values in parse_qs(parts.query).items()}

    def at(self, n):
        return f"http://127.0.0.1:{self.server.server_port}/ok/{n}.png"

    def give_v1(self, parts, _):
        """https://api.openverse.org/v1/images/?q=..."""
        asked = self.ask(parts)
        page, size = int(asked.get("page", 1)), int(asked.get("page_size", 20))
        if asked["q"] == BOMBS:
            self.give_json({"detail": "Internal server error"}, 500)
            return
        if asked["q"] == ODD:
            self.give_json([])
            return
        if size > 20 or (asked["q"] == TIRED and page > 1):
            self.give_json({"detail": "page_size may not exceed 20 for anonymous requests"}, 401)
            return
        pages = -(-PICTURES // size)
        rows = [
            {
                "id": f"0aff3595-8168-440b-83ff-{n:012}",
                "title": f"{asked['q']} {n}",
                "foreign_landing_url": f"https://www.flickr.com/photos/someone/{n}",
                "url": self.at(n),
                "creator": "Ann O'Nymous",
                "creator_url": "https://www.flickr.com/photos/someone",
                "license": "cc0" if n == 1 else "by-sa",
                "license_version": "1.0" if n == 1 else "2.0",
                "license_url": "https://creativecommons.org/licenses/by-sa/2.0/",
                "provider": "flickr",
                "source": "flickr",
                "filetype": None,
                "thumbnail": f"https://api.openverse.org/v1/images/{n}/thumb/",
                "height": 683,
                "width": 1024,
            }
            for n in range((page - 1) * size, min(PICTURES, page * size))
        ]
        self.give_json(
            {"result_count": PICTURES, "page_count": pages, "page_size": size, "page": page, "results": rows}
        )

    def give_w(self, parts, _):
        """https://commons.wikimedia.org/w/api.php?action=query&generator=search&prop=imageinfo..."""
        asked = self.ask(parts)
        if asked["gsrsearch"] == f"filetype:bitmap {FAST}":
            self.give_json({"error": {"code": "ratelimited", "info": "You've exceeded your rate limit."}})
            return
        first, size = int(asked.get("gsroffset", 0)), int(asked["gsrlimit"])
        last = min(PICTURES, first + size)
        pages = [
            {
                "pageid": 1000 + n,
                "ns": 6,
                "title": f"File:Ursus {n}.jpg",
                "index": n + 1,
                "imagerepository": "local",
                "imageinfo": [
                    {
                        "thumburl": self.at(100 + n),
                        "thumbwidth": 960,
                        "thumbheight": 640,
                        "url": self.at(500 + n),
                        "descriptionurl": f"https://commons.wikimedia.org/wiki/File:Ursus_{n}.jpg",
                        "descriptionshorturl": f"https://commons.wikimedia.org/w/index.php?curid={1000 + n}",
                        "mime": "image/jpeg",
                        "extmetadata": {
                            "LicenseShortName": {"value": "CC BY-SA 4.0", "source": "commons-desc-page", "hidden": ""},
                            "Artist": {
                                "value": '<a href="//commons.wikimedia.org/wiki/User:Bo">Bo &amp; Co</a>',
                                "source": "commons-desc-page",
                            },
                        },
                    }
                ],
            }
            for n in range(first, last)
        ]
        answer = {"batchcomplete": True, "query": {"pages": pages[::-1]}}  # in no order, as it may
        if last < PICTURES:
            answer["continue"] = {"gsroffset": last, "continue": "gsroffset||"}
        self.give_json(answer)

    def give_images(self, parts, _):
        """https://www.bing.com/images/async?q=..., which ddgs reads."""
        asked = self.ask(parts)
        first = int(asked.get("first", 1)) - 1
        rows = []
        for n in range(first, min(PICTURES, first + int(asked["count"]))):
            about = {
                "murl": self.at(200 + n),
                "turl": self.at(n),
                "purl": f"https://blog.example/{n}",
                "t": f"Bear {n}",
            }
            shown = html.escape(json.dumps(about), quote=True)
            rows.append(
                f'<div><div class="imgpt"><a class="iusc" m="{shown}"></a><div class="img_info"><span class="nowrap">'
                f'800 × 600</span><span></span></div></div><div class="infopt"><div class="lnkw">'
                f"<a>blog.example</a></div></div></div>"
            )
        self.give(f"<html><body>{''.join(rows)}</body></html>".encode(), kind="text/html; charset=utf-8")
