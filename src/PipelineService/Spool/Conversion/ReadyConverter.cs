using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Datasets;

namespace PipelineService.Spool.Conversion;

/// <summary>
/// A process that converts, started while the file still arrives: what it does before it can read anything takes as long as reading some
/// hundred thousand rows. There is one at most, for whoever is next, and each converts one file.
/// </summary>
/// <param name="memoryBytes">What the library that reads files may use.</param>
internal sealed class ReadyConverter(long memoryBytes, TimeProvider time) : IDisposable
{
    /// <summary>When nothing that will be converted has arrived for so long, it goes.</summary>
    public static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private Task<ConversionProcess?>? _ready;
    private ITimer? _idle;
    private bool _isDisposed;

    /// <summary>The one that is ready or will be; null for none. One that could not be started is none.</summary>
    public Task<ConversionProcess?>? Ready
    {
        get
        {
            lock (_lock)
            {
                return _ready;
            }
        }
    }

    /// <summary>A file arrives that will be converted: told again and again while it does.</summary>
    public void Prepare(DataFormat format)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _ready ??= Task.Run(() => TryStart(format));
            _idle ??= time.CreateTimer(static ready => ((ReadyConverter)ready!).GiveUp(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _idle.Change(IdleMax, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>A process that converts a file: the one that is ready, or a new one.</summary>
    public async Task<ConversionProcess> StartAsync(ConversionRequest request)
    {
        if (Take() is { } starting && await starting is { } ready)
        {
            if (!ready.HasExited)
            {
                ready.Ask(request);
                return ready;
            }

            ready.Dispose();
        }

        return ConversionProcess.Start(request);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _idle?.Dispose();
        }

        GiveUp();
    }

    private Task<ConversionProcess?>? Take()
    {
        lock (_lock)
        {
            Task<ConversionProcess?>? ready = _ready;
            _ready = null;
            return ready;
        }
    }

    private void GiveUp() => Take()?.ContinueWith(
        static ready => ready.Result?.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    [SuppressMessage("Design", "CA1031", Justification = "Whoever converts starts one then, and is told.")]
    private ConversionProcess? TryStart(DataFormat format)
    {
        try
        {
            return ConversionProcess.Start(memoryBytes, format);
        }
        catch
        {
            return null;
        }
    }
}
