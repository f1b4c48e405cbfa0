-- Articles that are no products: postage and fees, by their names and numbers; usually a handful.
SELECT product, sku, CASE WHEN regexp_matches(words, '{shipping_words}') THEN 'shipping' ELSE 'fee' END AS line_class
FROM (
    SELECT product, sku, lower(coalesce(product, '') || ' | ' || coalesce(sku, '')) AS words
    FROM (SELECT DISTINCT product, sku FROM {stage})
)
WHERE regexp_matches(words, '{shipping_words}') OR regexp_matches(words, '{fee_words}')
