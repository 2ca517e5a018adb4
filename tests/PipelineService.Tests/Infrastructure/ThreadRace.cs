namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// Two threads that set out at the same instant, round after round, so that what they can do to each other shows: tasks of the
/// pool mostly run one after the other.
/// </summary>
internal static class ThreadRace
{
    /// <summary>Who comes last to the start leaves it first: it waits for a longer and longer while, some 40 ns each.</summary>
    private const int LeadMax = 64;

    /// <param name="prepare">Makes what is raced for, before each round.</param>
    /// <param name="one">What the calling thread does in a round.</param>
    /// <param name="other">What the other one does meanwhile.</param>
    /// <param name="check">Looks at what has become of it, after each round.</param>
    public static void Run(int rounds, Action prepare, Action one, Action other, Action check)
    {
        int arrivals = 0;
        bool isOver = false;
        var thread = Task.Factory.StartNew(RunOther, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            for (int round = 0; round < rounds; round++)
            {
                prepare();
                Meet((2 * round) + 1);
                Thread.SpinWait(round % LeadMax);
                one();
                if (!Meet((2 * round) + 2))
                {
                    break;
                }

                check();
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            thread.Wait(CancellationToken.None);
        }

        void RunOther()
        {
            try
            {
                for (int meeting = 1; Meet(meeting); meeting += 2)
                {
                    other();
                    Meet(meeting + 1);
                }
            }
            finally
            {
                Volatile.Write(ref isOver, true);
            }
        }

        // Spins, so that nobody needs to be woken; who has no processor gives way to whoever has one.
        bool Meet(int meeting)
        {
            SpinWait spin = default;
            Interlocked.Increment(ref arrivals);
            while (Volatile.Read(ref arrivals) < 2 * meeting && !Volatile.Read(ref isOver))
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }

            return !Volatile.Read(ref isOver);
        }
    }
}
