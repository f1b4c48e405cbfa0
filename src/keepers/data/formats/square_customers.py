"""Square's export of the customer directory: one row a customer, with the id that the transactions name."""

from keepers.data.format import Format, Shape

FORMAT = Format(
    name="square customers",
    label="Square customer directory",
    shape=Shape.CUSTOMERS,
    columns={
        "customer_id": "Square Customer ID",
        "first_name": "First Name",
        "last_name": "Last Name",
        "email": "Email Address",
        "phone": "Phone Number",
        "company": "Company Name",
        "city": "City",
        "region": "State",
        "country": "Country",
        "created_at": "Creation Date, First Visit",
    },
    marks=("customer_id", "email", "phone"),
)
