"""Links to next pages are followed to where the list is, and nowhere else: the token goes along."""

from __future__ import annotations

import pytest
from requests import Request, Response

from keepers.data.connectors.paging import HeaderLinks, Links, NextLinks
from keepers.domain.errors import InputError

HERE = "https://shop.example/admin/orders.json?limit=250"


def _answer(link: str) -> Response:
    answer = Response()
    answer.status_code, answer.url = 200, HERE
    answer.headers["Link"] = f'<{link}>; rel="next"'
    answer._content = f'{{"next": "{link}"}}'.encode()
    return answer


@pytest.mark.parametrize("links", [HeaderLinks(), NextLinks("next")])
def test_a_link_elsewhere_is_not_followed(links: Links) -> None:
    for near in ("https://shop.example/admin/orders.json?page=2", "https://SHOP.example:443/o?page=3", "/o?page=4"):
        request = Request("GET", HERE)
        links.update_state(_answer(near))
        links.update_request(request)
        assert request.url.endswith(near.rpartition("?")[2])
    for far in (
        "https://evil.example/o?page=2", "http://shop.example/o?page=2", "http://169.254.169.254/latest/meta-data",
        "https://shop.example:8443/o", "https://shop.example@evil.example/o", "//evil.example/o",
    ):  # fmt: skip
        links.update_state(_answer(far))
        with pytest.raises(InputError, match="token is not sent there"):
            links.update_request(Request("GET", HERE))
