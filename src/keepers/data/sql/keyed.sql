-- Rows of people seen outside of sales, with the key of the customer each one is.
SELECT s.*, k.customer_key, {source} AS source_name, {system} AS system
FROM (SELECT *, {person} AS person, {clean_id} AS clean_id FROM {stage}) s
LEFT JOIN {keys} k ON k.person = s.person
