namespace PipelineService.Core.Rules;

/// <summary>
/// The rejected records of one chunk. Owned by a worker and used again for the next chunk; it grows to the worst chunk,
/// which the chunk's bound on records limits.
/// </summary>
public sealed class RejectBuffer
{
    /// <summary>
    /// Errors told of one record; more are only counted. A record of a thousand bad fields would otherwise take many
    /// times its own size, here and as a dead letter.
    /// </summary>
    public const int ErrorsToldMax = 16;

    private Reject[] _rejects = [];
    private RecordError[] _errors = [];
    private int _errorCount;

    public int Count { get; private set; }

    /// <summary>Errors of the record being looked at, told or not.</summary>
    public int OpenErrors { get; private set; }

    public ReadOnlySpan<Reject> Rejects => _rejects.AsSpan(0, Count);

    public ReadOnlySpan<RecordError> ErrorsOf(in Reject reject) =>
        _errors.AsSpan(reject.ErrorsStart, reject.ErrorsCount);

    public void Clear()
    {
        Count = 0;
        OpenErrors = 0;
        _errorCount = 0;
    }

    /// <summary>Adds an error of the record being looked at; <see cref="Close"/> makes the record a reject.</summary>
    public void AddError(RecordError error)
    {
        if (OpenErrors++ >= ErrorsToldMax)
        {
            return;
        }

        if (_errorCount == _errors.Length)
        {
            Array.Resize(ref _errors, Math.Max(16, _errors.Length * 2));
        }

        _errors[_errorCount++] = error;
    }

    /// <summary>Takes back the errors of the record being looked at.</summary>
    public void DropOpen()
    {
        _errorCount -= Math.Min(OpenErrors, ErrorsToldMax);
        OpenErrors = 0;
    }

    /// <summary>Makes the record whose errors were added since the last close a reject.</summary>
    public void Close(long record, long line, int rawStart, int rawLength)
    {
        int told = Math.Min(OpenErrors, ErrorsToldMax);
        if (Count == _rejects.Length)
        {
            Array.Resize(ref _rejects, Math.Max(16, _rejects.Length * 2));
        }

        _rejects[Count++] = new Reject(
            record, line, rawStart, rawLength, _errorCount - told, told, OpenErrors - told);
        OpenErrors = 0;
    }

    /// <summary>A record with a single error.</summary>
    public void Add(RecordError error, long record, long line, int rawStart, int rawLength)
    {
        AddError(error);
        Close(record, line, rawStart, rawLength);
    }
}
