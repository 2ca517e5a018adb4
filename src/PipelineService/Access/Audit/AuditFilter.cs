using System.Buffers.Binary;
using System.Buffers.Text;

namespace PipelineService.Access.Audit;

/// <summary>Which entries a list shows. What is null asks for nothing.</summary>
public sealed record AuditFilter
{
    /// <summary>Entries that a page with conditions looks at: conditions have no index, and a page must come at once.</summary>
    public const int LookMax = 50_000;

    public string? Actor { get; init; }

    /// <summary>Any of these.</summary>
    public string[]? Actions { get; init; }

    public string? Object { get; init; }

    public string? Dataset { get; init; }

    public string? Outcome { get; init; }

    /// <summary>Inclusive.</summary>
    public DateTime? From { get; init; }

    /// <summary>Exclusive.</summary>
    public DateTime? To { get; init; }

    /// <summary>The last entry of the page before.</summary>
    public AuditCursor? Cursor { get; init; }

    /// <summary>Entries of a page at most.</summary>
    public required int Limit { get; init; }

    internal bool HasConditions => (Actor ?? Object ?? Dataset ?? Outcome) is not null || Actions is not null;

    /// <summary>Entries that are read for a page, of which one more than fit tells that more follow.</summary>
    internal int Look => HasConditions ? LookMax : Limit + 1;
}

/// <summary>The place of an entry in the list: its time and, among those of one time, its id. Opaque to clients.</summary>
public readonly record struct AuditCursor(DateTime At, Guid Id)
{
    private const int Bytes = sizeof(long) + 16;

    /// <returns>Null when it is none that was given out.</returns>
    public static AuditCursor? Parse(string text)
    {
        byte[] bytes = new byte[Bytes];
        if (text.Length > 64 || !Base64Url.IsValid(text, out int length) || length != Bytes
            || !Base64Url.TryDecodeFromChars(text, bytes, out _))
        {
            return null;
        }

        long ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        return ticks >= DateTime.UnixEpoch.Ticks && ticks <= DateTime.MaxValue.Ticks
            ? new AuditCursor(new DateTime(ticks, DateTimeKind.Utc), new Guid(bytes.AsSpan(sizeof(long)), bigEndian: true))
            : null;
    }

    public override string ToString()
    {
        byte[] bytes = new byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, At.Ticks);
        Id.TryWriteBytes(bytes.AsSpan(sizeof(long)), bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }
}
