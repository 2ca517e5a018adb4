namespace PipelineService.Core.Parsing.Json;

/// <summary>What stands between records of JSON.</summary>
public enum JsonFraming
{
    /// <summary>Line ends: newline-delimited JSON.</summary>
    Lines,

    /// <summary>The commas of an array.</summary>
    Elements,

    /// <summary>The record separators of a JSON text sequence (RFC 7464).</summary>
    Texts,

    /// <summary>Nothing: the bytes are one record, whatever line ends are in it.</summary>
    Whole,
}
