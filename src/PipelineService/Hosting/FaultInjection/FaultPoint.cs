namespace PipelineService.Hosting.FaultInjection;

/// <summary>The steps at which a test can let the service die or fail, in the order in which an upload meets them.</summary>
public enum FaultPoint
{
    /// <summary>Bytes of the body are about to be written to the spool.</summary>
    SpoolWriting,
    SpoolWritten,

    /// <summary>The data file is about to be flushed, before its manifest is written.</summary>
    DataFlushing,
    DataFlushed,
    ManifestWriting,

    /// <summary>The manifest is in its temporary file, not flushed.</summary>
    ManifestWritten,

    /// <summary>It is flushed, and about to get its name.</summary>
    ManifestFlushed,
    ManifestRenamed,

    /// <summary>Small uploads that end together are about to be written to one file.</summary>
    SharedFileWriting,

    /// <summary>They are in a file without a name, not flushed.</summary>
    SharedFileWritten,

    /// <summary>It has the name of the first of them, not yet those of the others.</summary>
    SharedFileNamed,

    /// <summary>The directory is flushed: from here on a crash loses nothing.</summary>
    DirectoryFlushed,
    JobRegistering,
    JobRegistered,

    /// <summary>The job is taken, the 202 is not sent.</summary>
    Answering,
    JobClaiming,
    JobClaimed,

    /// <summary>Bytes of the upload are about to be read from the spool.</summary>
    SpoolReading,

    /// <summary>What a job looks up was pinned for it.</summary>
    LookupsPinned,

    /// <summary>The rows of a dataset that is looked up are about to be read into memory.</summary>
    LookupReading,

    /// <summary>Services are about to be asked what the records of a chunk need.</summary>
    ServiceAsking,

    /// <summary>They have answered, the chunk is not transformed.</summary>
    ServiceAnswered,

    /// <summary>The file of a model that scores records is about to be read.</summary>
    ModelReading,

    /// <summary>The records of a chunk are about to be read. Can be bound to what the chunk holds.</summary>
    ChunkTransforming,
    CopyBeginning,

    /// <summary>The rows are sent, COPY is not ended.</summary>
    CopySent,
    CopyEnded,
    DeadLettersWriting,
    DeadLettersWritten,

    /// <summary>What the rows of a chunk lack is about to be written down, with its checkpoint.</summary>
    GapsWriting,
    CheckpointWriting,
    CheckpointWritten,

    /// <summary>The rows of a job that is replaced are about to be removed, before those that take their place are loaded.</summary>
    ReplacedRowsRemoving,
    ReplacedRowsRemoved,

    /// <summary>Rows that replaced all others are about to be copied for those who look them up.</summary>
    LookupCopying,
    LookupCopied,

    /// <summary>What rows add to views is about to be written, in their transaction.</summary>
    ViewPartsWriting,
    ViewPartsWritten,

    /// <summary>What the rows of a job have added to a view is about to be taken out of it, in the transaction in which they have gone.</summary>
    ViewPartsRemoving,

    /// <summary>A view is about to be made of the rows that there are.</summary>
    ViewBuilding,

    /// <summary>Parts of a view are put together, which is not committed.</summary>
    ViewFolding,

    /// <summary>A view was built, removed or put together, which is not committed.</summary>
    ViewKept,

    /// <summary>A transaction with rows is about to be committed.</summary>
    Committing,
    Committed,

    /// <summary>One of several sessions of a job has committed, the next has not.</summary>
    BetweenCommits,

    /// <summary>A job whose rows are not as they should be is about to be held until somebody decides.</summary>
    JobHolding,
    JobHeld,

    /// <summary>What somebody decided is in a transaction that is not committed.</summary>
    DecisionWriting,
    DecisionWritten,

    /// <summary>Rows that were made of a file are about to be written to the spool.</summary>
    ConversionWriting,

    /// <summary>All rows of a file have been made.</summary>
    Converted,

    /// <summary>The job says what was made; the file has not its name yet.</summary>
    ConversionPinned,
    ConversionNamed,

    /// <summary>A job that failed or was cancelled is about to become final.</summary>
    JobEnding,
    JobEnded,
    UploadUnlinking,

    /// <summary>The manifest is gone, the data file is not.</summary>
    ManifestUnlinked,
    UploadUnlinked,

    /// <summary>An upload is about to be put among those that are kept.</summary>
    UploadKeeping,

    /// <summary>Its data file is there, its manifest is not.</summary>
    DataKept,
    UploadKept,

    /// <summary>A version of a dataset that nobody looks up any more is about to be removed.</summary>
    LookupDropping,
    LookupDropped,

    /// <summary>The spool and the job rows are about to be brought into agreement.</summary>
    Recovering,
    Recovered,

    /// <summary>What a broken upload has left is about to be removed.</summary>
    TakingBack,

    /// <summary>Its rows are gone, its job is not.</summary>
    RowsTakenBack,
    TakenBack,

    /// <summary>Rows have got what they lacked, which is not committed.</summary>
    GapsFilling,
    GapsFilled,

    /// <summary>A model is about to be committed, with its entry in the audit.</summary>
    ModelStoring,

    /// <summary>Entries of the audit are about to be linked.</summary>
    AuditLinking,

    /// <summary>Their links are committed.</summary>
    AuditLinked,

    /// <summary>Events are about to get their places in the log, and their deliveries.</summary>
    EventsNumbering,
    EventsNumbered,

    /// <summary>Figures are put together, which is not committed.</summary>
    FiguresGathering,

    /// <summary>A delivery was sent, and what became of it is not written.</summary>
    WebhookSent,

    /// <summary>What a source has found is about to be read.</summary>
    SourceReading,

    /// <summary>It is registered as an upload, and lies where it was.</summary>
    SourceTaken,

    /// <summary>It is about to be written down that it cannot be taken.</summary>
    SourceRefusing,

    /// <summary>A file that was taken is about to be put away.</summary>
    SourcePutting,

    /// <summary>It lies aside, under a name of the source's.</summary>
    SourceAside,

    /// <summary>It is where it is to be, and that is not written down.</summary>
    SourcePut,
}
