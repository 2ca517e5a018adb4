using System.Buffers.Binary;
using PipelineService.Core.Jobs;

namespace PipelineService.Jobs.Requests;

/// <summary>Which jobs a list shows. What is null asks for nothing.</summary>
public sealed record JobFilter
{
    public string? Dataset { get; init; }

    /// <summary>Only jobs that load into this table, written as definitions are stored: schema, dot, table.</summary>
    public string? Table { get; init; }

    /// <summary>Any of these.</summary>
    public string[]? States { get; init; }

    public string? Source { get; init; }

    /// <summary>Only the files of one form.</summary>
    public Guid? Batch { get; init; }

    public string? Tenant { get; init; }

    /// <summary>Only jobs of these datasets, or of those that <see cref="DatasetPrefixes"/> stand for; null: of all.</summary>
    public string[]? DatasetNames { get; init; }

    public string[]? DatasetPrefixes { get; init; }

    /// <summary>Only jobs that have this text, case ignored, in their source, their idempotency key or their error.</summary>
    public string? Text { get; init; }

    /// <summary>Inclusive, as is the other one that says after.</summary>
    public DateTime? CreatedAfter { get; init; }

    /// <summary>Exclusive, as is the other one that says before.</summary>
    public DateTime? CreatedBefore { get; init; }

    public DateTime? FinishedAfter { get; init; }

    public DateTime? FinishedBefore { get; init; }

    /// <summary>The last job of the page before.</summary>
    public Guid? Cursor { get; init; }

    /// <summary>Jobs of a page at most.</summary>
    public required int Limit { get; init; }

    /// <summary>
    /// Jobs that a page with <see cref="Text"/> looks at: no index finds a text in the middle of others, and a page must come
    /// at once however many jobs there are. Reading so many takes some 100 ms.
    /// </summary>
    public int LookMax { get; init; } = 50_000;

    /// <summary>
    /// Ids are UUIDv7: jobs that were created later have larger ones. Narrows the index; the time itself decides.
    /// </summary>
    internal Guid? From => CreatedAfter is { } time ? FirstIdAt(time) : null;

    /// <summary>Jobs have smaller ids than this. What ended before a time was created before it.</summary>
    internal Guid? Until => new[] { CreatedBefore, FinishedBefore }
        .Select(time => time is { } before ? FirstIdAt(before.AddMilliseconds(1)) : (Guid?)null)
        .Append(Cursor)
        .Min();

    /// <summary>Whether only jobs are asked for that have not ended, of which there are few among many.</summary>
    internal bool IsOpen => States?.All(state => JobStates.TryParse(state, out JobState known) && !known.IsFinal()) == true;

    /// <summary>Jobs that are read for a page, of which one more than fit tells that more follow.</summary>
    internal int Look => Text is null ? Limit + 1 : LookMax;

    private static Guid FirstIdAt(DateTime time)
    {
        Span<byte> id = stackalloc byte[16];
        long milliseconds = Math.Max(0, new DateTimeOffset(time).ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64BigEndian(id, milliseconds << 16);
        id[8..].Clear();
        return new Guid(id, bigEndian: true);
    }
}

/// <summary>A page of a list.</summary>
/// <param name="Next">The cursor for the page that follows; null at the end.</param>
public sealed record JobRows(IReadOnlyList<JobRow> Rows, Guid? Next);
