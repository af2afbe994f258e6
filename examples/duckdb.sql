-- Questions across models, answered by DuckDB from exported files:
--
--     embcli export MODEL -o rows/NAME.parquet                 for each model
--     python3 examples/spark/neighbors.py MODEL... -o edges    or: embcli export MODEL --neighbors 10
--     duckdb < examples/duckdb.sql
--
-- Joins and groups are what a database is for. The nearest rows are not: find them by
-- embcli and join the lists (docs/scale.md has the figures).

CREATE OR REPLACE VIEW rows AS
SELECT parse_filename(filename, true) AS model, id, token, norm, embedding::FLOAT[] AS embedding
FROM read_parquet('rows/*.parquet', filename = true, union_by_name = true);

CREATE OR REPLACE VIEW edges AS
SELECT parse_filename(model, true) AS model, id, neighbor_id, rank, score
FROM read_parquet('edges/*.parquet');

-- The row of each token. Of rows with the same text, the first counts.
CREATE OR REPLACE TABLE tokens AS
SELECT model, token, min(id) AS id FROM rows WHERE token IS NOT NULL GROUP BY model, token;

-- 1. Tokens joined across models: how many of a token's neighbours two models agree on.
CREATE OR REPLACE TABLE agreement AS
WITH lists AS (
    SELECT edges.model, own.token, near.token AS neighbor
    FROM edges
    JOIN tokens AS own ON own.model = edges.model AND own.id = edges.id
    JOIN tokens AS near ON near.model = edges.model AND near.id = edges.neighbor_id
)
SELECT a.model, b.model AS other, a.token, count(b.neighbor) AS agreed
FROM lists AS a
JOIN tokens ON tokens.token = a.token AND tokens.model > a.model
LEFT JOIN lists AS b
    ON b.model = tokens.model AND b.token = a.token AND b.neighbor = a.neighbor
WHERE b.model IS NOT NULL
GROUP BY a.model, b.model, a.token;

FROM agreement ORDER BY agreed DESC, token, model, other LIMIT 10;

-- 2. Duplicates: rows of one model that are the same.
CREATE OR REPLACE TABLE duplicates AS
SELECT model, count(*) AS rows, list(id ORDER BY id) AS ids
FROM rows GROUP BY model, embedding HAVING count(*) > 1;

FROM duplicates ORDER BY rows DESC, model LIMIT 10;

-- 3. Analogies: a is to b as c is to what? The candidates are the neighbours of b and of c
-- from the lists, so that few rows are compared. Each row counts with length 1.
CREATE OR REPLACE TABLE questions AS
SELECT * FROM (VALUES
    (' man', ' king', ' woman'), (' france', ' paris', ' italy'), (' big', ' bigger', ' small')
) AS questions(a, b, c);

CREATE OR REPLACE TABLE analogies AS
WITH units AS (
    SELECT rows.model, rows.token, rows.id,
        list_transform(embedding, lambda x: x::DOUBLE / norm) AS unit
    FROM rows JOIN tokens USING (model, id) WHERE norm > 0
),
asked AS (
    SELECT a.model, questions.*, [a.id, b.id, c.id] AS own,
        list_transform(list_zip(a.unit, b.unit, c.unit), lambda x: x[2] - x[1] + x[3]) AS vector
    FROM questions
    JOIN units AS a ON a.token = questions.a
    JOIN units AS b ON b.token = questions.b AND b.model = a.model
    JOIN units AS c ON c.token = questions.c AND c.model = a.model
),
candidates AS (
    SELECT DISTINCT asked.*, edges.neighbor_id
    FROM asked JOIN edges ON edges.model = asked.model AND list_contains(own[2:], edges.id)
    WHERE NOT list_contains(own, edges.neighbor_id)
)
SELECT candidates.model, a, b, c, units.token, units.id,
    list_cosine_similarity(vector, unit) AS score
FROM candidates
JOIN units ON units.model = candidates.model AND units.id = candidates.neighbor_id
QUALIFY row_number() OVER (PARTITION BY candidates.model, a, b, c ORDER BY score DESC) <= 3;

FROM analogies ORDER BY model, a, b, c, score DESC;
