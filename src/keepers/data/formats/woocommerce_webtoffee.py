"""WooCommerce orders as WebToffee's export writes them: one wide row an order."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="woocommerce webtoffee",
    label="WooCommerce orders (WebToffee export)",
    shape=Shape.SALES,
    blank={"customer_id": "0"},
    wide_lines={
        "product": "Product Item {n} Name",
        "sku": "Product Item {n} SKU",
        "quantity": "Product Item {n} Quantity",
        "line_amount": "Product Item {n} Total",
    },
    columns={
        "order_id": "order_number, order_id",
        "transaction_id": "transaction_id",
        "date": "order_date",
        "paid_at": "paid_date",
        "status": "status",
        "customer_id": "customer_id",
        "email": "billing_email, customer_email",
        "phone": "billing_phone",
        "first_name": "billing_first_name",
        "last_name": "billing_last_name",
        "gross": "order_total",
        "net_amount": "order_subtotal",
        "tax": "tax_total",
        "shipping": "shipping_total",
        "discount": "discount_total",
        "currency": "order_currency",
        "refund_items": "refund_items",
        "discount_code": "coupon_items",
        "product": "Product Item 1 Name, line_item_1",
        "sku": "Product Item 1 SKU",
        "country": "billing_country, shipping_country",
    },
    marks=("order_id", "date", "status", "gross", "currency", "email"),
    never="Lineitem name",
    amount="coalesce(gross - coalesce(tax, 0) - coalesce(shipping, 0), net_amount - coalesce(discount, 0))",
    refund=(
        "list_sum(list_transform(regexp_extract_all(refund_items, 'amount:\\s*-?([0-9.]+)', 1),"
        " lambda part: TRY_CAST(part AS DECIMAL(18, 4))))"
    ),
)
