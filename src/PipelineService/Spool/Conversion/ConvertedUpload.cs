using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace PipelineService.Spool.Conversion;

/// <summary>
/// What is made of an upload that is converted, read while it is being made. Its last bytes are given when all of it is known to be
/// right and has been pinned: whatever is committed for a job comes after that.
/// </summary>
[SuppressMessage("Usage", "CA2213", Justification = "Disposed of when the making has ended, which may be later.")]
internal sealed class ConvertedUpload : IDecodedBytes, IDisposable
{
    private readonly GrowthSignal _changed = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConvertedFile _file;
    private readonly Task _making;
    private bool _isWhole;
    private ExceptionDispatchInfo? _fault;

    /// <summary>One that was made before.</summary>
    public ConvertedUpload(ConvertedFile file) => (_file, _making, _isWhole) = (file, Task.CompletedTask, true);

    /// <param name="file">Takes what is made; disposed of here.</param>
    /// <param name="make">Makes it, calling back when there is more.</param>
    public ConvertedUpload(ConvertedFile file, Func<Action, CancellationToken, Task> make)
    {
        _file = file;
        _making = Task.Run(() => MakeAsync(make));
    }

    /// <summary>All that has been made so far.</summary>
    public long Length => _file.Length;

    /// <summary>Whether no more will come.</summary>
    public bool IsWhole => Volatile.Read(ref _isWhole);

    public bool IsEnd(long offset) => IsWhole && offset == _file.Length;

    /// <summary>What is converted has arrived.</summary>
    public void ThrowIfAbandoned()
    {
    }

    public async ValueTask<bool> WaitForBytesAsync(long offset, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next = _changed.Next;
            Volatile.Read(ref _fault)?.Throw();
            bool isWhole = IsWhole; // first: from then on the length is the last
            if (offset < _file.Length)
            {
                return true;
            }

            if (isWhole)
            {
                return false;
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        Volatile.Read(ref _fault)?.Throw();
        try
        {
            return await _file.ReadAsync(buffer, offset, cancellationToken);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw new SpoolUnavailableException($"What was made of the upload cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Waits until all of it has been made.</summary>
    public async Task WhenWholeAsync(CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        Volatile.Read(ref _fault)?.Throw();
    }

    /// <summary>Ends the making, if it goes on. The file is closed when that has ended.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _making.ContinueWith(
            static (_, state) =>
            {
                var upload = (ConvertedUpload)state!;
                upload._file.Dispose();
                upload._stop.Dispose();
            },
            this,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, whoever reads is told.")]
    private async Task MakeAsync(Func<Action, CancellationToken, Task> make)
    {
        try
        {
            await make(_changed.Set, _stop.Token);
            Volatile.Write(ref _isWhole, true);
        }
        catch (Exception e)
        {
            Volatile.Write(ref _fault, ExceptionDispatchInfo.Capture(e));
        }

        _changed.Set();
    }
}
