using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace PipelineService.Tests.Reliability;

/// <summary>An upload whose outcome is known before it is sent.</summary>
/// <param name="Dataset">One of <see cref="Definitions"/>.</param>
/// <param name="Key">Its Idempotency-Key.</param>
/// <param name="Digest">SHA-256 of the rows that it loads, in the order of the data; see <see cref="Invariants"/>.</param>
internal sealed record Sample(string Dataset, string Key, byte[] Body, int Read, int Loaded, string Digest)
{
    public const string WholeJobs = "whole_jobs";
    public const string ByChunk = "by_chunk";

    /// <summary>One rejected record fails the job, and nothing of it may be seen.</summary>
    public const string Strict = "strict";

    /// <summary>Its table has a unique index, and every tenth record repeats the key of the one before.</summary>
    public const string Keyed = "keyed";

    private const int RejectEvery = 50;
    private const int RepeatEvery = 10;

    /// <summary>The datasets, and how they differ.</summary>
    public static IReadOnlyDictionary<string, string> Definitions { get; } = new Dictionary<string, string>
    {
        [WholeJobs] = Definition(WholeJobs, "job", rejectsMax: null),
        [ByChunk] = Definition(ByChunk, "chunk", rejectsMax: null),
        [Strict] = Definition(Strict, "job", rejectsMax: 0),
        [Keyed] = Definition(Keyed, "chunk", rejectsMax: null),
    };

    /// <summary>SQL that leaves the tables of the datasets there, and empty.</summary>
    public static string EmptyTables { get; } = string.Join("; ", Definitions.Keys.Select(dataset =>
        $"""
        CREATE TABLE IF NOT EXISTS public.{dataset} (id bigint, amount bigint, note text, _job_id uuid, _record bigint);
        TRUNCATE public.{dataset}
        """)) + $"; CREATE UNIQUE INDEX IF NOT EXISTS {Keyed}_note ON public.{Keyed} (note)";

    public bool Fails => Dataset == Strict;

    public int Rejected => Read - Loaded;

    /// <summary>Every fiftieth record has an amount that is none; those of <see cref="Keyed"/> repeat keys, too.</summary>
    public static Sample Make(string dataset, string key, int records)
    {
        StringBuilder body = new("id,amount,note\n");
        StringBuilder rows = new();
        int loaded = 0;
        for (int record = 1; record <= records; record++)
        {
            bool isBad = record % RejectEvery == 0;
            bool isRepeated = dataset == Keyed && record % RepeatEvery == 0;
            string amount = isBad ? "none" : (record * 31L % 1000).ToString(CultureInfo.InvariantCulture);
            body.Append(CultureInfo.InvariantCulture, $"{record},{amount},note {(isRepeated ? record - 1 : record)} of {key}\n");
            if (!isBad && !isRepeated)
            {
                rows.Append(rows.Length == 0 ? "" : "\n")
                    .Append(CultureInfo.InvariantCulture, $"{record}|{record}|{amount}|note {record} of {key}");
                loaded++;
            }
        }

        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(rows.ToString())));
        return new Sample(dataset, key, Encoding.UTF8.GetBytes(body.ToString()), records, loaded, digest);
    }

    private static string Definition(string dataset, string commit, int? rejectsMax) => $$"""
        {
          "format": "csv",
          "schema": { "fields": [
            { "name": "id", "type": "integer" },
            { "name": "amount", "type": "integer" },
            { "name": "note", "type": "string" } ] },
          "load": { "table": "public.{{dataset}}", "commit": "{{commit}}" },
          "rejects": { "maxCount": {{rejectsMax?.ToString(CultureInfo.InvariantCulture) ?? "null"}} }
        }
        """;
}
