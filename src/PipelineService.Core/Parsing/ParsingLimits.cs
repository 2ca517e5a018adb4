namespace PipelineService.Core.Parsing;

/// <summary>Bounds of the parsers. Tiny in Debug, so that every test crosses buffer edges.</summary>
public static class ParsingLimits
{
    /// <summary>
    /// The most fields that a record is looked at for: PostgreSQL's 1,600 columns, and those that a CSV of rejects has
    /// besides.
    /// </summary>
    public const int FieldsMax = 1_606;

#if DEBUG
    /// <summary>First size of buffers that grow with a chunk's rows, in bytes.</summary>
    public const int InitialBufferBytes = 64;
#else
    /// <summary>First size of buffers that grow with a chunk's rows, in bytes.</summary>
    public const int InitialBufferBytes = 1 << 20;
#endif
}
