using System.Buffers.Binary;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Views;
using Xunit;

namespace PipelineService.Core.Tests.Views;

/// <summary>What rows add to a view, without a database: that it is right is <c>ViewExactnessTests</c>' affair.</summary>
public sealed class ViewFoldTests
{
    private static readonly RowPlan Plan = new(new DatasetDefinition
    {
        Schema = new TableSchema
        {
            Fields =
            [
                new() { Name = "skipped", Type = FieldType.String },
                new() { Name = "city", Type = FieldType.String },
                new() { Name = "price", Type = FieldType.Number },
                new() { Name = "at", Type = FieldType.DateTime },
            ],
        },
        Load = new LoadPolicy { Table = new TableName("public", "t") },
    });

    private static readonly ViewDefinition View = new(
        "v",
        [new ViewKey("city", null), new ViewKey("at", TimeSpan.FromMinutes(1))],
        [new("highest", ViewFigure.Max, "price"), new("rows", ViewFigure.Count, null), new("total", ViewFigure.Sum, "price")]);

    [Fact]
    public void Takes_rows_in_without_an_allocation_where_their_groups_are_known()
    {
        RowBuffer rows = RowsOf(5_000, groups: 50);
        ViewFold fold = new(new ViewPlan(View, Plan));
        fold.Add(Guid.Empty, rows, 0, rows.Count, []);

        Assert.Equal(0, Allocations.Of(() => fold.Add(Guid.Empty, rows, 0, rows.Count, [])));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5_000)]
    public void Writes_a_part_for_each_group_and_begins_anew(int groups)
    {
        RowBuffer rows = RowsOf(10_000, groups);
        ViewFold fold = new(new ViewPlan(View, Plan));
        RowBuffer parts = new();
        for (int round = 0; round < 2; round++)
        {
            fold.Add(Guid.Empty, rows, 0, rows.Count, [0, 9_999]);
            parts.Clear();
            fold.Flush(Guid.Empty, parts);

            Assert.True(fold.IsEmpty);
            Assert.Equal(groups, parts.Count);
            Assert.Equal(9_998, Enumerable.Range(0, parts.Count).Sum(part => Number(parts, part, 3)));
        }
    }

    [Fact]
    public void Is_full_before_its_groups_take_much_memory()
    {
        ViewFold fold = new(new ViewPlan(View, Plan));
        RowBuffer rows = RowsOf(ViewFold.GroupsMax, ViewFold.GroupsMax);
        fold.Add(Guid.Empty, rows, 0, rows.Count - 1, []);
        Assert.False(fold.IsFull);
        fold.Add(Guid.Empty, rows, rows.Count - 1, 1, []);
        Assert.True(fold.IsFull);
    }

    private static long Number(RowBuffer rows, int row, int column) =>
        rows.TryGetField(row, column, out ReadOnlySpan<byte> value) ? BinaryPrimitives.ReadInt64BigEndian(value) : 0;

    private static RowBuffer RowsOf(int count, int groups)
    {
        RowBuffer rows = new();
        for (int i = 0; i < count; i++)
        {
            rows.BeginRow(Plan.ColumnCount);
            string[] values = ["x", $"city {i % groups}", $"{i % 7}.{i % 10}", "2026-01-01T00:00:30Z"];
            foreach ((int column, string value) in values.Index())
            {
                Plan.Columns[column].Encode(System.Text.Encoding.UTF8.GetBytes(value), rows);
            }

            rows.WriteNull();
            rows.WriteInt64Field(i);
            rows.EndRow(i + 1, i + 1, 0, 0);
        }

        return rows;
    }
}
