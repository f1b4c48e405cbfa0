-- Shopify's products export: one row a variant, with what it costs.
WITH variants AS (
    SELECT doc, unnest((doc->'$.variants.nodes')::JSON[]) AS variant FROM {products}
    WHERE json_array_length(doc->'$.variants.nodes') > 0
)
SELECT (doc->>'$.handle') AS "Handle",
       (doc->>'$.title') AS "Title",
       (doc->>'$.vendor') AS "Vendor",
       (doc->>'$.productType') AS "Type",
       (variant->>'$.sku') AS "Variant SKU",
       (variant->>'$.price') AS "Variant Price",
       (variant->>'$.inventoryItem.unitCost.amount') AS "Cost per item"
FROM variants
ORDER BY "Handle", "Variant SKU"
