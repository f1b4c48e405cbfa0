"""Shopify's products export, which knows the cost of goods."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="shopify products",
    label="Shopify products export",
    shape=Shape.PRODUCTS,
    columns={
        "order_id": "Handle, URL handle",
        "product": "Title",
        "category": "Type, Product Category, Vendor",
        "sku": "Variant SKU, SKU",
        "unit_price": "Variant Price, Price",
        "unit_cost": "Cost per item",
    },
    marks=("order_id", "product", "sku", "unit_price"),
    never="Order ID, Lineitem name",
)
