-- Days with a purchase told apart by the cut: what a model may see, and what is held back to grade it.
SELECT
    customer_key,
    day,
    CASE WHEN day <= {cut} THEN purchased_on END AS purchased_on,
    CASE WHEN day <= {cut} THEN orders ELSE 0 END AS orders,
    CASE WHEN day <= {cut} THEN revenue END AS revenue,
    CASE WHEN day <= {cut} THEN money END AS money,
    CASE WHEN day > {cut} THEN purchased_on END AS held_on,
    CASE WHEN day > {cut} THEN revenue END AS held_revenue,
    CASE WHEN day > {cut} THEN money END AS held_money
FROM ({purchase_days}) AS known
