using System.Globalization;
using System.Text;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Rejects;

/// <summary>
/// Tables with constraints and triggers by chance take exactly those records that they take when each is inserted by itself,
/// in the order of the data; and it is known of each other one what became of it.
/// </summary>
public sealed class RowOracleTests(DatabaseTypes service) : IClassFixture<DatabaseTypes>
{
    private const int Tables = 24;
    private const int Records = 600;

    private const string Fields = """
        { "name": "n", "type": "integer" }, { "name": "a", "type": "integer" },
        { "name": "b", "type": "integer" }
        """;

    /// <summary>What column c may be: sent in binary, as text in binary, or with all others as text; with a say of its own or not.</summary>
    private static readonly string[] Texts = ["text", "word", "short_word", "citext", "plain", "varchar(4)"];

    private static readonly string[] Constraints =
    [
        "ADD UNIQUE (a)",
        "ADD UNIQUE (b, a)",
        "ADD UNIQUE (c)",
        "ADD PRIMARY KEY (n)",
        "ADD CHECK (a <> 3)",
        "ADD CHECK (10 / (b - 5) < 100)",
        "ADD CHECK (a < b OR c > 'f')",
        "ADD FOREIGN KEY (b) REFERENCES {0}_parent",
        "ADD FOREIGN KEY (b) REFERENCES {0}_parent DEFERRABLE INITIALLY DEFERRED",
        "ALTER COLUMN a SET NOT NULL",
        "ADD EXCLUDE USING gist (int4range(b::integer, (b + 1)::integer) WITH &&)",
        "ADD COLUMN twice bigint GENERATED ALWAYS AS (a * 2) STORED CHECK (twice <> 8)",
        "ADD COLUMN strange integer NOT NULL DEFAULT 1",
    ];

    private static readonly string[] TriggerLines =
    [
        "IF NEW.a IS NULL THEN NEW.a := 1; END IF;",
        "NEW.a := abs(NEW.a);",
        "NEW.c := lower(NEW.c);",
        "IF NEW.c LIKE 's%' THEN RETURN NULL; END IF;",
        "IF NEW.c LIKE 'r%' THEN RAISE EXCEPTION 'No.' USING ERRCODE = 'PT404'; END IF;",
        "ASSERT NEW.b <> 7;",
        "INSERT INTO {0}_parent VALUES (NEW.b) ON CONFLICT DO NOTHING;",
        "IF NEW.b = 9 THEN PERFORM FROM no_such_table; END IF;",
        "IF EXISTS (SELECT FROM {0} t WHERE t.n = NEW.n - 1 AND t.a > NEW.a) THEN NEW.b := 2; END IF;",
    ];

    [Fact]
    public async Task Takes_exactly_what_the_table_takes_row_by_row()
    {
        string? told = Environment.GetEnvironmentVariable("PIPELINE_TEST_SEED");
        int seed = told is null ? Random.Shared.Next(1_000_000) : int.Parse(told, CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine($"PIPELINE_TEST_SEED={seed}");

        // A line by itself first: among constraints and other lines hardly a chunk goes without a refusal.
        for (int i = 0; i < TriggerLines.Length + Tables; i++)
        {
            Random random = new(seed + i);
            string ddl = i < TriggerLines.Length ? Ddl([], [TriggerLines[i]], []) : Ddl(random);
            await CompareAsync($"oracle_{i}", ddl, random, $"PIPELINE_TEST_SEED={seed}, table {i}");
        }
    }

    private async Task CompareAsync(string table, string ddl, Random random, string place)
    {
        string text = random.GetItems(Texts, 1)[0];
        foreach (string name in (string[])[table, $"{table}_twin"])
        {
            await service.Database.ExecuteAsync(
                $"CREATE TABLE public.{name} (n bigint, a bigint, b bigint, c {text}, _job_id uuid NOT NULL, _record bigint NOT NULL)");
        }

        string commit = random.Next(2) == 0 ? "job" : "chunk";
        string sqlType = text == "varchar(4)" ? ", \"sqlType\": \"varchar(4)\"" : "";
        await service.DeclareAsync(
            table,
            $$"""{{Fields}}, { "name": "c", "type": "string"{{sqlType}} }""",
            commit);
        await service.Database.ExecuteAsync(string.Format(CultureInfo.InvariantCulture, ddl, table));
        await service.Database.ExecuteAsync(string.Format(CultureInfo.InvariantCulture, ddl, $"{table}_twin"));
        string data = Data(random);

        JobView job = await service.LoadAsync(table, "n,a,b,c\n" + data);

        long filtered = await InsertRowByRowAsync($"{table}_twin", data, mayWait: commit == "job");
        string told = $"{place}: {job.Error?.Detail} c is {text}. {ddl}";
        Assert.True(job.Error is null, told);
        string[] expected = await service.RowsAsync($"SELECT concat_ws(',', _record, a, b, c) FROM {table}_twin ORDER BY _record");
        string[] actual = await service.RowsAsync($"SELECT concat_ws(',', _record, a, b, c) FROM {table} ORDER BY _record");
        Assert.True(expected.SequenceEqual(actual), $"{told}\nmissing {string.Join(' ', expected.Except(actual).Take(5))}"
            + $"\nadditional {string.Join(' ', actual.Except(expected).Take(5))}");
        Assert.True(
            job.Records == new RecordsView(Records, expected.Length, Records - expected.Length - filtered, filtered),
            $"{told}\n{job.Records}, but {expected.Length} rows and {filtered} filtered");
    }

    /// <summary>
    /// The oracle: a loop that tries each row. Where all of a job is there before anything is visible, those that missed a row
    /// by a constraint which can be deferred are tried again behind all others, for as long as that helps any.
    /// </summary>
    /// <returns>How many a trigger let fall.</returns>
    private async Task<long> InsertRowByRowAsync(string table, string data, bool mayWait)
    {
        await service.Database.ExecuteAsync($$"""
            CREATE TABLE {{table}}_data (number bigint GENERATED ALWAYS AS IDENTITY, line text);
            INSERT INTO {{table}}_data (line) SELECT * FROM string_to_table('{{data.TrimEnd()}}', E'\n');
            CREATE TABLE {{table}}_fallen (number bigint);
            DO $do$
            DECLARE
                r record;
                f text[];
                landed bigint;
                broken text;
                waiting bigint[];
                tried bigint[];
            BEGIN
                LOOP
                    tried := waiting;
                    waiting := '{}';
                    FOR r IN SELECT * FROM {{table}}_data WHERE tried IS NULL OR number = ANY (tried) ORDER BY number LOOP
                        BEGIN
                            f := string_to_array(r.line, ',', '');
                            INSERT INTO {{table}} (n, a, b, c, _job_id, _record)
                            VALUES (f[1]::bigint, f[2]::bigint, f[3]::bigint, f[4], gen_random_uuid(), r.number);
                            GET DIAGNOSTICS landed = ROW_COUNT;
                            IF landed = 0 THEN INSERT INTO {{table}}_fallen VALUES (r.number); END IF;
                            SET CONSTRAINTS ALL IMMEDIATE;
                        EXCEPTION WHEN OTHERS OR assert_failure THEN
                            GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
                            IF {{mayWait}} AND EXISTS (SELECT FROM pg_constraint o WHERE o.conname = broken AND o.condeferrable) THEN
                                waiting := waiting || r.number;
                            END IF;
                        END;
                    END LOOP;
                    EXIT WHEN waiting = '{}' OR waiting = tried;
                END LOOP;
            END $do$
            """);
        return await service.Database.ScalarAsync<long>($"SELECT count(*) FROM {table}_fallen");
    }

    /// <summary>Of each list a few, now and then none.</summary>
    private static string Ddl(Random random)
    {
        return Ddl(Some(Constraints, random), Lines(), Lines());

        string[] Lines() => random.Next(2) == 0 ? [] : Some(TriggerLines, random);
    }

    /// <summary>Makes the table's surroundings; <c>{0}</c> is the table.</summary>
    private static string Ddl(string[] constraints, string[] linesBefore, string[] linesAfter)
    {
        StringBuilder sql = new("CREATE TABLE {0}_parent (b bigint PRIMARY KEY); INSERT INTO {0}_parent SELECT generate_series(1, 8);");
        foreach (string constraint in constraints)
        {
            sql.Append(CultureInfo.InvariantCulture, $"ALTER TABLE {{0}} {constraint};");
        }

        foreach ((string when, string[] lines) in new[] { ("BEFORE", linesBefore), ("AFTER", linesAfter) })
        {
            if (lines.Length > 0)
            {
                sql.Append(CultureInfo.InvariantCulture, $"""
                    CREATE FUNCTION {"{0}"}_{when}() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN {string.Join(' ', lines)} RETURN NEW; END $$;
                    CREATE TRIGGER "{when}" {when} INSERT ON {"{0}"} FOR EACH ROW EXECUTE FUNCTION {"{0}"}_{when}();
                    """);
            }
        }

        return sql.ToString();
    }

    private static string[] Some(string[] all, Random random) => all.Where(_ => random.Next(4) == 0).ToArray();

    private static string Data(Random random)
    {
        StringBuilder data = new();
        int keys = random.Next(2) == 0 ? 40 : 100_000;
        for (int i = 1; i <= Records; i++)
        {
            string a = random.Next(20) == 0 ? "" : random.Next(-keys / 10, keys).ToString(CultureInfo.InvariantCulture);
            string b = random.Next(20) == 0 ? "" : random.Next(keys == 40 ? 12 : keys).ToString(CultureInfo.InvariantCulture);
            string c = string.Concat(Enumerable.Range(0, random.Next(1, 6)).Select(_ => (char)random.Next('a', 'z' + 1)));
            int n = random.Next(30) == 0 ? i - 1 : i;
            data.Append(CultureInfo.InvariantCulture, $"{n},{a},{b},{c}\n");
        }

        return data.ToString();
    }
}
