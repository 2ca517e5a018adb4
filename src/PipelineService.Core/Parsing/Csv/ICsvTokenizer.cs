namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// Reads the records of delimited text one by one. Implemented by structs, so that what reads records is compiled for each of them
/// and a record costs no call through an interface.
/// </summary>
internal interface ICsvTokenizer
{
    /// <summary>Bytes of the records and other lines read so far: a chunk may end there, and reading it gives the same records.</summary>
    int Position { get; }

    /// <summary>Where a chunk that ends behind a record at fault must go on to: to what that was held against.</summary>
    int WholeTo { get; }

    /// <summary>Physical lines in those bytes.</summary>
    int Lines { get; }

    /// <summary>Where a chunk may end before the record that was read last: where that starts, or before.</summary>
    ScanResult CutBefore(in CsvRecord record);

    /// <summary>Reads the next record; its fields are then in the caller's array.</summary>
    /// <returns>False at the end of the bytes, and where more of them are needed.</returns>
    bool Read(out CsvRecord record);
}
