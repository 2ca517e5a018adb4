namespace PipelineService.Core.Transforms;

/// <summary>Where a chunk lies in its upload, and what is in it. Offsets are of the decoded bytes.</summary>
public sealed record ChunkExtent
{
    /// <summary>Where it starts: at a record's start.</summary>
    public required long StartOffset { get; init; }

    /// <summary>Where it ends; the next chunk starts there.</summary>
    public required long EndOffset { get; init; }

    /// <summary>Where it starts in the text as it was sent, if that is transcoded; null where the two are the same.</summary>
    public long? StartAsSent { get; init; }

    /// <summary>Numbers of its first record and first line.</summary>
    public required ChunkPosition Position { get; init; }

    public required int Records { get; init; }

    public required long Lines { get; init; }

    /// <summary>True when the chunk stands for one record that is longer than the limit.</summary>
    public bool IsOversizedRecord { get; init; }

    /// <summary>Of an oversized record: where it begins in the bytes at hand, behind what parts it from the one before.</summary>
    public int RecordStart { get; init; }

    /// <summary>Whether the bytes at hand are only the beginning of an oversized record.</summary>
    public bool IsCut { get; init; }

    /// <summary>Bytes of the upload that it covers.</summary>
    public long Bytes => EndOffset - StartOffset;
}
