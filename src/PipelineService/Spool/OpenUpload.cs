namespace PipelineService.Spool;

/// <summary>
/// An upload that is open here: its bytes, and how far it has come. Its writer and those who read it meanwhile share it, and
/// the last of them closes it.
/// </summary>
internal sealed class OpenUpload(Guid id, IUploadBytes bytes, UploadGrowth growth)
{
    private int _users = 1;

    public Guid Id { get; } = id;

    public IUploadBytes Bytes { get; } = bytes;

    public UploadGrowth Growth { get; } = growth;

    /// <summary>Another user of it, who lets go by <see cref="ReleaseAsync"/>.</summary>
    public OpenUpload Share()
    {
        Interlocked.Increment(ref _users);
        return this;
    }

    public ValueTask ReleaseAsync() => Interlocked.Decrement(ref _users) == 0 ? Bytes.CloseAsync() : ValueTask.CompletedTask;
}
