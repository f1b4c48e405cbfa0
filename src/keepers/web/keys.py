"""Keys of customers and leads in addresses: a key may have slashes in it, such as `gid://shopify/Customer/17`."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor

CUSTOMER = "{customer_key:key}"
LEAD = "{lead_id:key}"
"""What stands for them in the address of a route. What follows a key, as in ``/timeline``, is to be said before it."""


class _Key(Convertor[str]):
    regex = ".+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("key", _Key())
