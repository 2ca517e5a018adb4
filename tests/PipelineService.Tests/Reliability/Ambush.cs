using System.Text;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// Lies in wait in the <see cref="TcpProxy"/> for the moment at which the service sends something, so that a fault can
/// strike just then: right before the server gets it, or right after.
/// </summary>
/// <param name="holds">True: what was caught is held back until <see cref="Release"/>. False: it goes on at once.</param>
/// <param name="texts">What has to come by, one after the other, each in a later packet than the one before.</param>
internal sealed class Ambush(bool holds, params string[] texts)
{
    private readonly TaskCompletionSource _struck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[][] _texts = [.. texts.Select(Encoding.ASCII.GetBytes)];
    private readonly Lock _lock = new();
    private int _caught;

    /// <summary>Completes at the moment that was waited for.</summary>
    public Task Struck => _struck.Task;

    /// <summary>Lets go of what is held back.</summary>
    public void Release() => _released.TrySetResult();

    /// <returns>True once: for the packet that has the last of the texts.</returns>
    internal bool Catches(ReadOnlySpan<byte> packet)
    {
        lock (_lock)
        {
            return _caught < _texts.Length && packet.IndexOf(_texts[_caught]) >= 0 && ++_caught == _texts.Length;
        }
    }

    internal Task HoldAsync()
    {
        if (holds)
        {
            _struck.TrySetResult();
            return _released.Task;
        }

        return Task.CompletedTask;
    }

    internal void LetPass() => _struck.TrySetResult();
}
