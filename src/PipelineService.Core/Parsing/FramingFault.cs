namespace PipelineService.Core.Parsing;

/// <summary>Why the records of a document cannot be told apart any further.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Position">0-based, in the bytes that were looked at: where the document is not what it must be.</param>
public readonly record struct FramingFault(FramingFaultKind Kind, int Position);

/// <summary>What is wrong with a document between its records, or with brackets in one.</summary>
public enum FramingFaultKind
{
    /// <summary>It ends before it is closed.</summary>
    Truncated,

    /// <summary>Something else than a comma or the closing bracket follows a record.</summary>
    MissingComma,

    /// <summary>No record stands where a comma says that one comes.</summary>
    MissingRecord,

    /// <summary>A bracket closes what another kind of bracket has opened.</summary>
    BrokenBracket,

    /// <summary>What comes before the records is malformed.</summary>
    MalformedHead,

    /// <summary>What encloses the records is malformed behind them, or more follows the end.</summary>
    MalformedTail,

    /// <summary>The name under which the records stand comes once more behind them.</summary>
    RepeatedProperty,

    /// <summary>What encloses the records has a name or a value longer than a record may be.</summary>
    TokenTooLong,
}
