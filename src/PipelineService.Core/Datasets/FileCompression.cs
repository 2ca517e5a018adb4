namespace PipelineService.Core.Datasets;

/// <summary>How the files of a dataset are compressed, whatever the request does to them on the way.</summary>
public enum FileCompression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Each as its first bytes say: with gzip, with Zstandard, or not at all.</summary>
    Auto,

    Gzip,
    Zstd,
    Brotli,
}
