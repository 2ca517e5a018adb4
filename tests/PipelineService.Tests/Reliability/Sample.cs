using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>An upload whose outcome is known before it is sent.</summary>
/// <param name="Dataset">One of <see cref="Definitions"/>.</param>
/// <param name="Key">Its Idempotency-Key.</param>
/// <param name="Body">CSV, or what <see cref="ContentType"/> says.</param>
/// <param name="Filtered">Records that a trigger of the table, or a filter of the definition, leaves out.</param>
/// <param name="Digest">SHA-256 of the rows that it loads, in the order of the data; see <see cref="Invariants"/>.</param>
internal sealed record Sample(string Dataset, string Key, byte[] Body, int Read, int Loaded, int Filtered, string Digest)
{
    public const string WholeJobs = "whole_jobs";
    public const string ByChunk = "by_chunk";

    /// <summary>One rejected record fails the job, and nothing of it may be seen.</summary>
    public const string Strict = "strict";

    /// <summary>Its table has a unique index, and every tenth record repeats the key of the one before.</summary>
    public const string Keyed = "keyed";

    /// <summary>Its table has a foreign key and a trigger that adds missing parents, leaves rows out and refuses others.</summary>
    public const string Triggered = "triggered";

    /// <summary>Its uploads are kept for a while, and take the place of each other.</summary>
    public const string Corrected = "corrected";

    /// <summary>Its table is altered, locked and dropped while it is loaded: see <see cref="UnstableTable"/>.</summary>
    public const string Unstable = "unstable";

    /// <summary>Its definition has transforms: text ops, a filter, a derived column, and a demand that some records do not meet.</summary>
    public const string Transformed = "transformed";

    /// <summary>Each upload takes the place of all its rows, and others look them up.</summary>
    public const string LookedUp = "looked_up";

    /// <summary>Looks up <see cref="LookedUp"/>, and a model scores it: all rows of a job are of one version of each.</summary>
    public const string Looking = "looking";

    /// <summary>Asks a service for the city of each note: only where there is one (<see cref="AskingDefinition"/>).</summary>
    public const string Asking = "asking";

    /// <summary>A model that scores the records of <see cref="Looking"/>: twice the id, and something that each version has for itself.</summary>
    public const string Model = "looked_over";

    /// <summary>The view that each dataset has.</summary>
    public const string ViewOfAll = "by_amount";

    private const int RejectEvery = 50;
    private const int RepeatEvery = 10;
    private const int RaiseEvery = 90;
    private const int LeaveOutEvery = 70;
    private const int FilterEvery = 30;
    private const int UnluckyAmount = 31;

    private static readonly string Transforms = $$"""
        , "transforms": [
            { "op": "trim", "fields": ["note"] },
            { "op": "lower", "fields": ["note"] },
            { "op": "filter", "name": "most", "expression": "mod(id, {{FilterEvery}}) <> 0" },
            { "op": "derive", "field": "twice", "type": "integer", "expression": "amount * 2" },
            { "op": "require", "code": "unlucky", "message": "Not this amount.", "expression": "twice <> {{2 * UnluckyAmount}}" } ]
        """;

    /// <summary>Figures that are kept of the rows of each dataset, by their amounts; those of <see cref="Triggered"/> cannot be followed.</summary>
    private const string ByAmount = $$"""
        { "name": "{{ViewOfAll}}", "groupBy": ["amount"], "measures": {
            "known": "count note", "least": "min id", "mean": "avg id", "most": "max id", "n": "count", "total": "sum id" } }
        """;

    /// <summary>As many groups as there are rows.</summary>
    private const string ByNote = """, { "name": "by_note", "groupBy": ["note"], "measures": { "n": "count" } }""";

    /// <summary>Of columns that transforms make.</summary>
    private const string ByTwice = """, { "name": "by_twice", "groupBy": ["twice"], "measures": { "most": "max amount", "n": "count" } }""";

    private const string ByScore = """, { "name": "by_score", "groupBy": ["amount"], "measures": { "best": "max score", "found": "count found" } }""";

    private const string Profiled = """, "profile": true""";

    private const string Lookups = $$"""
        , "transforms": [ { "op": "lookup", "from": "{{LookedUp}}", "match": { "id": "id" }, "set": { "found": "note" }, "missing": "null" },
            { "op": "score", "model": "{{Model}}", "inputs": { "x": "id" }, "set": { "score": "y" } } ]
        """;

    /// <summary>The datasets, and how they differ.</summary>
    public static IReadOnlyDictionary<string, string> Definitions { get; } = new Dictionary<string, string>
    {
        [WholeJobs] = Definition(WholeJobs, "job", rejectsMax: null),
        [ByChunk] = Definition(ByChunk, "chunk", rejectsMax: null, more: Profiled),
        [Strict] = Definition(Strict, "job", rejectsMax: 0),
        [Keyed] = Definition(Keyed, "chunk", rejectsMax: null, more: Profiled),
        [Triggered] = Definition(Triggered, "job", rejectsMax: null),
        [Corrected] = Definition(Corrected, "chunk", rejectsMax: null, """, "keepUpload": "PT2M" """, Profiled, views: ByNote),
        [Unstable] = Definition(Unstable, "job", rejectsMax: null),
        [Transformed] = Definition(Transformed, "job", rejectsMax: null, more: Transforms + Profiled, views: ByTwice),
        [LookedUp] = Definition(LookedUp, "job", rejectsMax: null, """, "mode": "replace" """, """, "lookup": { "key": ["id"] } """, """, "primaryKey": ["id"]"""),
        [Looking] = Definition(Looking, "chunk", rejectsMax: null, more: Lookups, views: ByScore),
    };

    /// <summary>The dataset that needs a service, beside <see cref="Definitions"/>.</summary>
    public static KeyValuePair<string, string> AskingDefinition { get; } = new(Asking, Definition(Asking, "chunk", rejectsMax: null, more: """
        , "transforms": [ { "op": "http", "service": "geo", "inputs": { "ip": "note" }, "set": { "city": "/city" } } ]
        """));

    /// <summary>
    /// Datasets whose uploads may come in any order and number. Those of the others take each other's place, or need one that was
    /// there before: <see cref="Field.SendLookedUp"/> sends them as they must be.
    /// </summary>
    public static IReadOnlyList<string> Independent { get; } = [.. Definitions.Keys.Except([LookedUp, Looking])];

    /// <summary>Datasets of whose rows all is profiled, each by itself: others may share transactions.</summary>
    public static IReadOnlyList<string> ProfiledOnes { get; } = [ByChunk, Keyed, Corrected, Transformed];

    /// <summary>The query that a view of a dataset stands for; the columns of a view come in the order of their names.</summary>
    public static string QueryOf(string dataset, string view) => (view switch
    {
        ViewOfAll => "SELECT amount, count(note), min(id), avg(id), max(id), count(*), sum(id)::numeric",
        "by_note" => "SELECT note, count(*)",
        "by_twice" => "SELECT twice, max(amount), count(*)",
        "by_score" => "SELECT amount, max(score), count(found)",
        _ => throw new ArgumentOutOfRangeException(nameof(view), view, "There is no such view."),
    }) + $" FROM public.{dataset} GROUP BY 1";

    /// <summary>A version of <see cref="Model"/>.</summary>
    /// <param name="of">What it adds.</param>
    public static byte[] ModelOf(float of) => OnnxWriter.Linear(of, [2]);

    /// <summary>SQL that leaves the tables of the datasets there, and empty.</summary>
    public static string EmptyTables { get; } = string.Join("; ", Definitions.Keys.Select(dataset =>
        $"{CreateTable(dataset)}; TRUNCATE public.{dataset}")) + $"""
        ; DO $$ DECLARE view bigint; BEGIN
            FOR view IN SELECT id FROM pipeline.views WHERE state = 'ready' LOOP
                EXECUTE format('DELETE FROM pipeline.view_%s_parts', view);
            END LOOP;
        END $$
        ; DELETE FROM pipeline.dataset_rows
        ; CREATE UNIQUE INDEX IF NOT EXISTS {Keyed}_note ON public.{Keyed} (note);
        CREATE TABLE IF NOT EXISTS public.{Triggered}_parents (amount bigint PRIMARY KEY);
        TRUNCATE public.{Triggered}_parents CASCADE;
        ALTER TABLE public.{Triggered} DROP CONSTRAINT IF EXISTS {Triggered}_parent;
        ALTER TABLE public.{Triggered} ADD CONSTRAINT {Triggered}_parent
            FOREIGN KEY (amount) REFERENCES public.{Triggered}_parents (amount);
        CREATE OR REPLACE FUNCTION public.{Triggered}_row() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            IF NEW.id % {RaiseEvery} = 0 THEN
                RAISE EXCEPTION 'not this one' USING ERRCODE = 'TT001';
            ELSIF NEW.id % {LeaveOutEvery} = 0 THEN
                RETURN NULL;
            END IF;
            INSERT INTO public.{Triggered}_parents VALUES (NEW.amount) ON CONFLICT DO NOTHING;
            RETURN NEW;
        END $body$;
        CREATE OR REPLACE TRIGGER {Triggered}_row BEFORE INSERT ON public.{Triggered}
            FOR EACH ROW EXECUTE FUNCTION public.{Triggered}_row()
        """;

    public bool Fails => Dataset == Strict;

    /// <summary>How it is written.</summary>
    public string ContentType { get; init; } = Body[0] == '[' ? "application/json" : "text/csv";

    /// <summary>How the body is compressed; null for not at all.</summary>
    public string? ContentEncoding { get; init; }

    /// <summary>The same records in another form; those of JSON are made as such.</summary>
    public Sample As(SampleForm form) => form switch
    {
        SampleForm.Gzip => this with { Body = Compressed.Gzip(Body), ContentEncoding = "gzip" },
        SampleForm.Zstd => this with { Body = Compressed.Zstd(Body), ContentEncoding = "zstd" },
        SampleForm.Parquet => this with { Body = ParquetSample.OfCsv(Body), ContentType = "application/vnd.apache.parquet" },
        SampleForm.Arrow => this with { Body = ArrowSample.OfCsv(Body), ContentType = ArrowSample.Stream },
        _ => this,
    };

    /// <summary>Whether another has taken its place, so that nothing of it may be seen any more.</summary>
    public bool IsReplaced { get; init; }

    /// <summary>Whether its table may be away or of another form when it is loaded: then it fails, and leaves nothing.</summary>
    public bool MayFail => Dataset == Unstable;

    /// <summary>
    /// SQL that makes a dataset's table where it is missing. That of <see cref="Unstable"/> has a unique index, so that a job
    /// commits in one piece: no drop can come between two halves of it.
    /// </summary>
    public static string CreateTable(string dataset) =>
        $"CREATE TABLE IF NOT EXISTS public.{dataset} (id bigint, amount bigint, note text, _job_id uuid, _record bigint)"
        + (dataset == Looking ? $"; ALTER TABLE public.{dataset} ADD COLUMN IF NOT EXISTS found text, ADD COLUMN IF NOT EXISTS score numeric" : "")
        + (dataset == Transformed ? $"; ALTER TABLE public.{dataset} ADD COLUMN IF NOT EXISTS twice bigint" : "")
        + (dataset == Unstable ? $"; CREATE UNIQUE INDEX IF NOT EXISTS {dataset}_record ON public.{dataset} (_job_id, _record)" : "");

    /// <summary>
    /// Every fiftieth record has an amount that is none; those of <see cref="Keyed"/> repeat keys, too, and the table of
    /// <see cref="Triggered"/> takes some and leaves some out, as the transforms of <see cref="Transformed"/> do.
    /// </summary>
    /// <param name="isJson">Whether its records are elements of an array, some of them over several lines.</param>
    public static Sample Make(string dataset, string key, int records, bool isJson = false)
    {
        StringBuilder body = new(isJson ? "" : "id,amount,note\n");
        StringBuilder rows = new();
        int loaded = 0;
        int filtered = 0;
        for (int record = 1; record <= records; record++)
        {
            bool isBad = record % RejectEvery == 0;
            bool isRepeated = dataset == Keyed && record % RepeatEvery == 0;
            string amount = isBad ? "none" : (record * 31L % 1000).ToString(CultureInfo.InvariantCulture);
            string word = dataset == Transformed ? "  NOTE" : "note";
            string note = string.Create(CultureInfo.InvariantCulture, $"{word} {(isRepeated ? record - 1 : record)} of {key}");
            body.Append(isJson
                ? string.Create(CultureInfo.InvariantCulture, $"{(record == 1 ? '[' : ',')}{{\"id\":{record},\n\"amount\":\"{amount}\",\"note\":\"{note}\"}}")
                : string.Create(CultureInfo.InvariantCulture, $"{record},{amount},{note}\n"));
            bool isRefused = isBad || isRepeated || (dataset == Triggered && record % RaiseEvery == 0)
                || (dataset == Transformed && record * 31L % 1000 == UnluckyAmount);
            if ((dataset == Transformed && record % FilterEvery == 0)
                || (!isRefused && dataset == Triggered && record % LeaveOutEvery == 0))
            {
                filtered++;
            }
            else if (!isRefused)
            {
                rows.Append(rows.Length == 0 ? "" : "\n")
                    .Append(CultureInfo.InvariantCulture, $"{record}|{record}|{amount}|note {record} of {key}");
                loaded++;
            }
        }

        body.Append(!isJson ? "" : records == 0 ? "[]\n" : "]\n");
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(rows.ToString())));
        return new Sample(dataset, key, Encoding.UTF8.GetBytes(body.ToString()), records, loaded, filtered, digest);
    }

    private static string Definition(
        string dataset, string commit, int? rejectsMax, string load = "", string more = "", string schema = "", string views = "") => $$"""
        {
          "format": "csv",
          "schema": { "fields": [
            { "name": "id", "type": "integer" },
            { "name": "amount", "type": "integer" },
            { "name": "note", "type": "string" } ]{{schema}} },
          "load": { "table": "public.{{dataset}}", "commit": "{{commit}}"{{load}} },
          "rejects": { "maxCount": {{rejectsMax?.ToString(CultureInfo.InvariantCulture) ?? "null"}} },
          "views": [ {{ByAmount}}{{views}} ]{{more}}
        }
        """;
}

/// <summary>Forms in which the records of a sample may be sent.</summary>
internal enum SampleForm
{
    Csv,
    Json,
    Gzip,
    Zstd,
    Parquet,
    Arrow,
}
