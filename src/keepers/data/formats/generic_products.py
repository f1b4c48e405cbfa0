"""Any list of articles with their prices and costs."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="products",
    label="list of products",
    shape=Shape.PRODUCTS,
    ids="own",
    columns={},
    marks=(),
    general=("sku", "product", "category", "unit_price", "unit_cost"),
)
