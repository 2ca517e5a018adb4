using PipelineService.Spool;
using PipelineService.Spool.Local;

namespace PipelineService.Tests.Spool.Local;

public sealed class FreeSpaceTests
{
    private const long Min = 1000;

    private long _free = 10 * FreeSpace.GrantBytesMax;
    private int _asked;

    [Fact]
    public void Asks_the_disk_once_for_many_small_writes()
    {
        FreeSpace space = Watch();

        for (int written = 0; written < FreeSpace.GrantBytesMax; written += 4096)
        {
            space.Take(4096);
        }

        Assert.Equal(1, _asked);
        space.Take(1);
        Assert.Equal(2, _asked);
    }

    [Fact]
    public void Gives_all_but_what_others_need_to_the_last_byte()
    {
        FreeSpace space = Watch();
        _free = Min + 100;

        space.Take(60);
        space.Take(40);
        _free = Min;

        Assert.Throws<SpoolFullException>(() => space.Take(1));
        _free = Min + 1;
        space.Take(1);
    }

    [Fact]
    public void Takes_a_write_larger_than_a_grant_when_the_disk_has_room()
    {
        FreeSpace space = Watch();
        _free = Min + (2 * FreeSpace.GrantBytesMax);

        space.Take(2 * FreeSpace.GrantBytesMax);
        _free = Min;

        Assert.Throws<SpoolFullException>(() => space.Take(1));
    }

    private FreeSpace Watch() => new(
        () =>
        {
            _asked++;
            return _free;
        },
        Min);
}
