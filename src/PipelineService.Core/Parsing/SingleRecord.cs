namespace PipelineService.Core.Parsing;

/// <summary>Takes one record, whose values are then looked at by slot.</summary>
internal struct SingleRecord : IRecordSink
{
    /// <summary>Whether there was one, and it could be read as it must.</summary>
    public bool IsRead { get; private set; }

    public void Take(RecordPlace place, bool isRead) => IsRead = isRead;
}
