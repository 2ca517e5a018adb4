namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Finds where the records of a chunk stand, as the scanner of the same <see cref="JsonFraming"/> finds them. Implemented by
/// structs, so that reading is compiled for each of them.
/// </summary>
internal interface IJsonPlaces
{
    /// <summary>Finds the next record.</summary>
    /// <param name="place">Where it stands, without what parts it from others and the blanks around it.</param>
    bool Read(out RecordPlace place);

    /// <summary>Whether a record is valid UTF-8; only in a chunk that is not is each looked at for itself.</summary>
    bool IsValidUtf8(RecordPlace place);
}
