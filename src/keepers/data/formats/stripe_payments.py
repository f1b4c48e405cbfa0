"""Stripe's payments export, of all years and with any choice of columns."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="stripe payments",
    label="Stripe payments export",
    shape=Shape.SALES,
    payments=True,
    columns={
        "order_id": "id",
        "transaction_id": "PaymentIntent ID",
        "invoice": "Invoice ID",
        "customer_id": "Customer ID",
        "email": "Customer Email",
        "name": "Customer Name, Customer Description, Card Name",
        "date": "Created date (UTC), Created (UTC), Created",
        "amount": "Amount",
        "refunded": "Amount Refunded",
        "refunded_at": "Refunded date (UTC), Refunded date",
        "settled_amount": "Converted Amount",
        "settled_refunded": "Converted Amount Refunded",
        "settled_currency": "Converted Currency",
        "currency": "Currency",
        "disputed": "Disputed Amount",
        "dispute_status": "Dispute Status",
        "status": "Status",
        "mode": "Mode",
        "product": "Description",
        "country": "Card Address Country, Card Issue Country",
    },
    marks=("order_id", "date", "amount", "currency", "status"),
    never="User ID, Plan, Quantity, Gross, Order ID, Customer, Product",
    amount="coalesce(settled_amount, amount)",
    gross="coalesce(settled_amount, amount)",
    refund=(
        "abs(coalesce(settled_refunded, refunded, 0))"
        " + CASE WHEN lower(dispute_status) = 'lost' THEN coalesce(disputed, 0) ELSE 0 END"
    ),
    currency="CASE WHEN settled_amount IS NULL THEN currency ELSE coalesce(upper(settled_currency), currency) END",
    note="Several refunds of one payment count on the day of the last, the only one it has; pulled ones have one each.",
)
