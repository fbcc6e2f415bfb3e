package demo

import "strings"

// The parts of the names of persons and firms. All of them are made up.
const (
	familyNames = "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧"
	givenNames  = "晓明 雨桐 志远 佳怡 浩然 思琪 建国 静 伟 丽娜 子涵 欣妍 国强 美玲 一鸣 若溪 海燕 俊杰 梓萱 文博 雅琴 宏 秀英 嘉豪"
	firstNames  = "Ada Bruno Clara Daniel Elena Felix Greta Hugo Irene Jonas Katya Leon Mira Noel Olga Pablo Rosa Simon Tessa Viktor"
	lastNames   = "Ashdown Berger Castell Dunmore Ellery Farrow Grindal Hallam Ivers Jessop Kestrel Lorne Marlow Norring Orwin Pell"
	firmNames   = "青禾 远桥 明泽 北辰 云帆 同舟 恒川 安澜 嘉木 长风"
	firmKinds   = "物流有限公司 科技有限公司 建筑工程公司 出租汽车公司 租赁有限公司"
	tradeNames  = "Larkspur Ironvale Brightwater Stonebridge Northgate Silverbirch Redfern Eastmoor"
	tradeKinds  = "Logistics|Car Hire|Building Supplies|Clinics|Couriers"
)

// nameBook holds the parts apart.
type nameBook struct {
	family, given, first, last, firm, firmKind, trade, tradeKind []string
}

func newNameBook() *nameBook {
	return &nameBook{
		family: strings.Fields(familyNames), given: strings.Fields(givenNames),
		first: strings.Fields(firstNames), last: strings.Fields(lastNames),
		firm: strings.Fields(firmNames), firmKind: strings.Fields(firmKinds),
		trade: strings.Fields(tradeNames), tradeKind: strings.Split(tradeKinds, "|"),
	}
}

// person returns the name of a person, four times in five a Chinese one.
func (b *nameBook) person(d *dice) string {
	if d.chance(800) {
		return pick(d, b.family...) + pick(d, b.given...)
	}
	return pick(d, b.first...) + " " + pick(d, b.last...)
}

// organisation returns the name of a firm.
func (b *nameBook) organisation(d *dice) string {
	if d.chance(700) {
		return pick(d, b.firm...) + pick(d, b.firmKind...)
	}
	return pick(d, b.trade...) + " " + pick(d, b.tradeKind...)
}
