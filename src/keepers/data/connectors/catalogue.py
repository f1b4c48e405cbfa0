"""The services that Keepers pulls from, by their names in keepers.toml."""

from __future__ import annotations

from keepers.data.connectors import ga4, google_ads, hubspot, meta_ads, shopify, stripe, woocommerce
from keepers.data.connectors.service import Service

SERVICES: dict[str, Service] = {
    one.kind: one
    for one in (
        shopify.SERVICE,
        stripe.SERVICE,
        woocommerce.SERVICE,
        hubspot.SERVICE,
        meta_ads.SERVICE,
        google_ads.SERVICE,
        ga4.SERVICE,
    )
}
