-- One row a customer with every feature.
SELECT
    base.customer_key,
    base.cut AS as_of,
    base.first_day,
    {features}
FROM {base} AS base
{joins}
ORDER BY base.customer_key
