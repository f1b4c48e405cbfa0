-- What was known of each customer beyond the schema: the newest value of each attribute at the cut.
WITH known AS (
    SELECT
        customer_key, attribute, value,
        row_number() OVER (PARTITION BY customer_key, attribute ORDER BY valid_from DESC, value DESC) AS from_last
    FROM {attributes} AS statement
)
SELECT
    customer_key,
    max(CASE WHEN attribute = {number_literal} THEN TRY_CAST(value AS DOUBLE) END) AS attribute_{number}, -- {number_words} [as given]
    max(CASE WHEN attribute = {word_literal} THEN value END) AS attribute_{word}, -- {word_words} [category]
    count(*) AS attributes -- attributes known of the customer [attributes] zero
FROM known
WHERE from_last = 1
GROUP BY customer_key
