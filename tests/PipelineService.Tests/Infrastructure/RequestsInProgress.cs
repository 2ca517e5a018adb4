using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using PipelineService.Spool;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// Counts the requests that the service is working on, so that a test can wait for the end of one whose client has gone.
/// </summary>
internal sealed class RequestsInProgress : IStartupFilter
{
    private readonly GrowthSignal _ended = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, rest) =>
        {
            Interlocked.Increment(ref _count);
            try
            {
                await rest(context);
            }
            finally
            {
                Interlocked.Decrement(ref _count);
                _ended.Set();
            }
        });
        next(app);
    };

    public Task WhenNoneAsync() => WaitAsync().Within("the service to be done with every request");

    private async Task WaitAsync()
    {
        while (true)
        {
            Task ended = _ended.Next;
            if (Volatile.Read(ref _count) == 0)
            {
                return;
            }

            await ended;
        }
    }
}
