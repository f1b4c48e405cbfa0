"""The services that Keepers pulls from, by their names in keepers.toml."""

from __future__ import annotations

from keepers.data.connectors import hubspot, shopify, stripe, woocommerce
from keepers.data.connectors.service import Service

SERVICES: dict[str, Service] = {
    one.kind: one for one in (shopify.SERVICE, stripe.SERVICE, woocommerce.SERVICE, hubspot.SERVICE)
}
